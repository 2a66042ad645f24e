"""What is asked of Bedrock for a job, what do its metrics say, and when is it stopped?"""
