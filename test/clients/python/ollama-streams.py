"""Reads one stream of the server at argv[1] whole, leaves one, and cancels one. Prints the first one's text as JSON."""

import asyncio
import json
import sys

from ollama import AsyncClient, Client

ASK = {'model': 'msg', 'messages': [{'role': 'user', 'content': 'Hi'}], 'stream': True}
url = sys.argv[1]
client = Client(host=url)
text = ''.join(part.message.content for part in client.chat(**ASK))

stream = client.chat(**ASK)
next(stream)
stream.close()


async def cancel():
    started = asyncio.Event()

    async def read():
        async for _ in await AsyncClient(host=url).chat(**ASK):
            started.set()

    task = asyncio.create_task(read())
    await started.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


asyncio.run(cancel())
print(json.dumps(text))
