/** A place in the log of changes: after the change with this id. */
export interface ChangePosition {
  epoch: string
  id: string
}

/** Before the oldest change that is kept. */
export const oldestId = '0-0'

export const formatPosition = ({ epoch, id }: ChangePosition) => `${id}-${epoch}`

/** Null if the text is not the id of an event. */
export function parsePosition(text: string): ChangePosition | null {
  const match = /^(\d{1,15}-\d{1,15})-([0-9a-f]{8})$/.exec(text)
  return match ? { id: match[1]!, epoch: match[2]! } : null
}

/** Negative if `a` is older than `b`. */
export function compareIds(a: string, b: string): number {
  const [aMs, aSequence] = a.split('-').map(Number)
  const [bMs, bSequence] = b.split('-').map(Number)
  return aMs! - bMs! || aSequence! - bSequence!
}
