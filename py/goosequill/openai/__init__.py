"""Completions in the shape of OpenAI's API: requests and responses as plain values, without HTTP.

Source: https://platform.openai.com/docs/api-reference
"""
