"""Calls of Ollama's Python client on the server at argv[1], pulling from the registry argv[2]. Prints JSON."""

import json
import sys

from ollama import Client, Options, ResponseError

url, registry = sys.argv[1:]
client = Client(host=url)
MODEL = 'snug-tiny'
GREEDY = Options(temperature=0)
MESSAGES = [{'role': 'user', 'content': 'What is the capital of France?'}]


def get_weather(city: str) -> str:
    """Get the weather in a city

    Args:
      city: The name of the city
    """
    return f'Sunny in {city}, 20 degrees'


def names():
    return sorted(model.model for model in client.list().models)


def chat():
    whole = client.chat(MODEL, messages=MESSAGES, options=GREEDY)
    parts = list(client.chat(MODEL, messages=MESSAGES, options=GREEDY, stream=True))
    return [whole.message.content, ''.join(part.message.content for part in parts), parts[-1].done_reason]


def generate():
    prompt = MESSAGES[0]['content']
    whole = client.generate(MODEL, prompt, options=GREEDY)
    parts = list(client.generate(MODEL, prompt, options=GREEDY, stream=True, keep_alive=-1))
    return [whole.response, ''.join(part.response for part in parts), parts[-1].done_reason]


def tools():
    messages = [{'role': 'user', 'content': 'What is the weather in Oslo?'}]
    called = client.chat(MODEL, messages=messages, tools=[get_weather], options=GREEDY).message
    function = called.tool_calls[0].function
    result = {'role': 'tool', 'tool_name': function.name, 'content': get_weather(**function.arguments)}
    answer = client.chat(MODEL, messages=[*messages, called, result], tools=[get_weather], options=GREEDY)
    return [result['content'], answer.message.content]


def embed():
    vectors = client.embed(MODEL, ['a', 'b']).embeddings
    short = client.embed(MODEL, 'a', dimensions=16, truncate=True).embeddings
    older = client.embeddings(MODEL, 'a').embedding
    return [len(vector) for vector in [*vectors, *short, older]]


def ps():
    (loaded,) = client.ps().models
    return [loaded.model, loaded.context_length > 0, loaded.expires_at.year > 2200]


def show():
    shown = client.show(MODEL)
    return [shown.capabilities, shown.modelinfo['general.architecture'], shown.modified_at.year > 2000]


def create():
    made = client.create('one', from_=MODEL, system='X', parameters={'seed': 7, 'stop': ['x']}, license='MIT')
    steps = list(client.create('two', from_='one', license=['MIT', 'BSD'], stream=True))
    return [made.status, steps[-1].status, client.show('two').details.parent_model, names()]


def copy():
    copied = client.copy('one', 'me/copy').status
    return [copied, 'me/copy:latest' in names(), client.delete('me/copy').status, 'me/copy:latest' in names()]


def pull():
    model = f'{registry}/library/new'
    steps = list(client.pull(model, insecure=True, stream=True))
    return [steps[-1].status, client.pull(model, insecure=True).status, f'{model}:latest' in names()]


def missing():
    calls = {
        'show': lambda: client.show('nope'),
        'chat': lambda: client.chat('nope'),
        'chat stream': lambda: list(client.chat('nope', stream=True)),
        'generate': lambda: client.generate('nope'),
        'generate stream': lambda: list(client.generate('nope', stream=True)),
        'embed': lambda: client.embed('nope', 'a'),
        'copy': lambda: client.copy('nope', 'x'),
        'delete': lambda: client.delete('nope'),
    }
    return {name: status_of(call) for name, call in calls.items()}


def status_of(call):
    try:
        call()
    except ResponseError as error:
        return error.status_code
    return None


# In this order: the later ones find what the earlier ones have loaded and made.
FLOWS = [names, show, chat, generate, ps, tools, embed, create, copy, pull, missing]
print(json.dumps({flow.__name__: flow() for flow in FLOWS}))
