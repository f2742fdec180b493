"""The hand-off: how does a person reach the right human office, with consent?"""
