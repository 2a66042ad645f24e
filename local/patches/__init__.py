"""What moto 5.2.5 lacks or does differently from AWS: one module for each thing, each with an `apply`."""
