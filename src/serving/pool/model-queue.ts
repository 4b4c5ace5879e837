/** What a queue needs to know of a request. */
export interface Task {
  readonly images: number
  /** Higher ones run first. */
  readonly priority: number
  /** Whether it shares no batch: a process has ended while it ran. */
  alone: boolean
}

/** Images of a task that run together. */
export interface Slice<T extends Task> {
  readonly task: T
  readonly first: number
  readonly count: number
}

/** What waits of a task, and how much of it has run since its last turn began. */
interface WaitingSlice<T extends Task> extends Slice<T> {
  readonly turn: number
}

/** After so many images, the rest of a task lets others go first. */
const turnImages = 8

/**
 * The images that wait for one model: by priority, then in the order of their arrival. Large tasks take turns with
 * others (deficit round robin, Shreedhar and Varghese 1995), so that an image waits behind a part of each.
 */
export class ModelQueue<T extends Task> {
  private readonly slices: WaitingSlice<T>[] = []
  private total = 0

  /** Images that wait. */
  get images(): number {
    return this.total
  }

  get tasks(): T[] {
    return [...new Set(this.slices.map(({ task }) => task))]
  }

  /** Whether the next batch has one task, whatever else waits. */
  get isNextAlone(): boolean {
    return this.slices[0]?.task.alone ?? false
  }

  /** Images that would run before the last one of a new task. */
  ahead(images: number, priority: number): number {
    const turns = Math.ceil(images / turnImages) * turnImages
    let sum = 0
    // a task has one slice here; only one whose process has ended may have more, which count as tasks of their own
    for (const { task, count } of this.slices) {
      if (task.priority < priority) break
      sum += task.priority > priority ? count : Math.min(count, turns)
    }
    return sum
  }

  add(task: T): void {
    this.append({ task, first: 0, count: task.images, turn: 0 })
  }

  /** For images that were taken and did not run. They are the next of their priority. */
  putBack(slice: Slice<T>): void {
    const index = this.slices.findIndex(other => other.task.priority <= slice.task.priority)
    this.insert(index < 0 ? this.slices.length : index, { ...slice, turn: 0 })
  }

  /** Takes at most so many images. A large task is divided. */
  take(maxImages: number): Slice<T>[] {
    const taken: Slice<T>[] = []
    for (let room = maxImages; room > 0; ) {
      const [head] = this.slices
      if (!head || (taken.length > 0 && (head.task.alone || taken[0]!.task.alone))) break
      const { task, first, count, turn } = head
      const images = Math.min(count, room)
      this.slices.shift()
      this.total -= count
      taken.push({ task, first, count: images })
      if (count > room) {
        const rest = { task, first: first + room, count: count - room, turn: turn + room }
        if (rest.turn < turnImages) this.insert(0, rest)
        else this.append({ ...rest, turn: 0 })
      }
      room -= images
    }
    return taken
  }

  /** Forgets what waits of a task. */
  remove(task: T): void {
    for (let index = this.slices.length - 1; index >= 0; index--) {
      const slice = this.slices[index]!
      if (slice.task !== task) continue
      this.slices.splice(index, 1)
      this.total -= slice.count
    }
  }

  /** As the last of its priority. */
  private append(slice: WaitingSlice<T>): void {
    const index = this.slices.findIndex(other => other.task.priority < slice.task.priority)
    this.insert(index < 0 ? this.slices.length : index, slice)
  }

  private insert(index: number, slice: WaitingSlice<T>): void {
    this.slices.splice(index, 0, slice)
    this.total += slice.count
  }
}
