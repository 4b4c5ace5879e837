import { createParser } from 'eventsource-parser'
import { chunksOf } from './body-chunks.js'

/** As the library of the streams has them, whose types would have to come with the package. */
export interface StreamEvent {
  id?: string | undefined
  event?: string | undefined
  data: string
}

/** The events of one answer as they arrive; throws if it breaks or falls silent. */
export async function* eventsOf(
  response: Response,
  silenceMs?: number,
): AsyncGenerator<StreamEvent> {
  const events: StreamEvent[] = []
  const parser = createParser({ onEvent: event => void events.push(event) })
  const decoder = new TextDecoder()
  for await (const chunk of chunksOf(response, silenceMs)) {
    parser.feed(decoder.decode(chunk, { stream: true }))
    yield* events.splice(0)
  }
}
