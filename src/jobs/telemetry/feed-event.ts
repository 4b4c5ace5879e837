/** A server-sent event; `data` is JSON. */
export interface FeedEvent {
  /** A client that reconnects sends this as `Last-Event-ID` to resume after the event. */
  id?: string
  event: string
  data: string
}

/** Only an id to resume after. Clients store it and see no event. */
export interface FeedPosition {
  id: string
}

/** Events that come together. Followers share batches, so they must not be changed. */
export type EventBatch = readonly (FeedEvent | FeedPosition)[]
