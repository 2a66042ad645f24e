"""Which capacity does a run hold, what is the champion, and what is given back?"""
