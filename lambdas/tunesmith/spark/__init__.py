"""How is a dataset prepared that one machine cannot hold? The record functions on PySpark's DataFrames."""
