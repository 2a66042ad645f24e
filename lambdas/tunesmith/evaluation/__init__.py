"""What did each model answer, how good was it, and does the difference prove anything?"""
