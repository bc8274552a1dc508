"""Completions in the shape of OpenAI's API: requests, responses, and HTTP's rules without a server.

Source: https://platform.openai.com/docs/api-reference
"""
