"""The only modules that know boto3: each wraps one service's part of the work in plain values."""
