"""Mutation testing of the rules, of energy and of the readers: do the tests notice a small wrong change?"""
