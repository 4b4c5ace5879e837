import { type Asked, answerError, noAnswer, readJson } from './answers.js'
import type { Caller, RequestOptions } from './caller.js'
import { Deadline } from './deadline.js'
import { pauseBefore, sleep } from './retry.js'

export interface HttpOptions {
  /** Without a slash at the end. */
  url: string
  /** The headers that permit the requests. */
  permission: Readonly<Record<string, string>>
  timeoutMs: number
  retryForMs: number
}

const repeatableMethods = ['GET', 'HEAD', 'PUT', 'DELETE']

/** Sends requests, and repeats those that may be repeated after errors that pass. */
export class HttpCaller implements Caller {
  constructor(private readonly options: HttpOptions) {}

  request(method: string, path: string, options: RequestOptions = {}): Promise<Response> {
    return this.send(method, path, options, async response => response)
  }

  json<T>(method: string, path: string, options: RequestOptions = {}): Promise<T> {
    return this.send(method, path, options, readJson<T>)
  }

  private async send<T>(
    method: string,
    path: string,
    options: RequestOptions,
    read: (response: Response, asked: Asked) => Promise<T>,
  ): Promise<T> {
    const { isRepeatable = repeatableMethods.includes(method), signal } = options
    const { retryForMs = this.options.retryForMs } = options
    const since = performance.now()
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.attempt(method, path, options, read)
      } catch (error) {
        const pause = isRepeatable ? pauseBefore(error, attempt) : null
        if (pause === null || performance.now() - since + pause > retryForMs) throw error
        await sleep(pause, signal)
      }
    }
  }

  private async attempt<T>(
    method: string,
    path: string,
    options: RequestOptions,
    read: (response: Response, asked: Asked) => Promise<T>,
  ): Promise<T> {
    const { headers, body, keepalive, signal } = options
    const { timeoutMs = isShort(body) ? this.options.timeoutMs : Infinity } = options
    const asked = { method, url: this.options.url + path }
    const deadline = new Deadline(signal, timeoutMs)
    let isBodyOpen = false
    try {
      const response = await fetch(asked.url, {
        method,
        headers: { ...headers, ...this.options.permission },
        // another origin shall not get the request
        redirect: 'manual',
        signal: deadline.signal,
        ...(body !== undefined && { body }),
        ...(keepalive !== undefined && { keepalive }),
      })
      if (!response.ok) throw await answerError(response, asked)
      const answer = await read(response, asked)
      isBodyOpen = response.body !== null && !response.bodyUsed
      return answer
    } catch (error) {
      signal?.throwIfAborted()
      throw noAnswer(error, asked, deadline.isOver ? timeoutMs : null)
    } finally {
      // a body that is read later still ends with the signal
      if (isBodyOpen) deadline.lift()
      else deadline.end()
    }
  }
}

/** How long it takes to send a file depends on the connection. */
const isShort = (body: RequestOptions['body']) => body === undefined || typeof body === 'string'
