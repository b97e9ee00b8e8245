"""Streams of OpenAI's Python client, added up by its own helper; argv names a server for each. Prints JSON."""

import json
import sys

from openai import APIError, OpenAI

WEATHER = {
    'type': 'function',
    'function': {
        'name': 'get_weather',
        'parameters': {'type': 'object', 'properties': {'city': {'type': 'string'}}},
    },
}


def final(url, model, **more):
    client = OpenAI(base_url=f'{url}/v1', api_key='unused', max_retries=0, timeout=60)
    with client.chat.completions.stream(model=model, messages=[{'role': 'user', 'content': 'hi'}], **more) as stream:
        return stream.get_final_completion().choices[0]


def text(url):
    choice = final(url, 'tiny')
    return [choice.message.role, choice.message.content, choice.finish_reason]


def calls(url):
    choice = final(url, 'tool', tools=[WEATHER])
    arguments = [json.loads(call.function.arguments) for call in choice.message.tool_calls]
    return [arguments, choice.finish_reason]


def failure(url):
    try:
        final(url, 'tiny')
    except APIError as error:
        return [type(error).__name__, error.message]
    return None


text_url, call_url, calls_url, failure_url = sys.argv[1:]
print(json.dumps([text(text_url), calls(call_url), calls(calls_url), failure(failure_url)]))
