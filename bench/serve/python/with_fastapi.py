"""onnxruntime behind FastAPI and uvicorn: with_fastapi.py --model ... (see serving.py)"""

import asyncio

import uvicorn
from fastapi import FastAPI, Request
from starlette.concurrency import run_in_threadpool

import engines
from serving import answer, arguments, pixels_of

options = arguments()
run = engines.onnxruntime(options.model, options.precision, options.side, options.threads)
app = FastAPI()
# a run uses all cores; further files are decoded meanwhile
turn = asyncio.Semaphore(1)


@app.post("/predict")
async def predict(request: Request):
    pixels = await run_in_threadpool(pixels_of, await request.body(), options.side)
    async with turn:
        probabilities = await run_in_threadpool(run, pixels[None])
    return answer(probabilities[0])


uvicorn.run(app, host="127.0.0.1", port=options.port, log_level="warning", access_log=False)
