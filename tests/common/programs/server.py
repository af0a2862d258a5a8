"""An application behind our server: PORT."""

import sys

from fastapi import FastAPI, Request

from common.server import serve

app = FastAPI()


@app.post("/")
async def measure(request: Request) -> dict[str, int]:
    return {"headers": len(request.headers), "body": len(await request.body())}


if __name__ == "__main__":
    serve(app, host="127.0.0.1", port=int(sys.argv[1]))
