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

/** The images that wait for one model: by priority, then in the order of their arrival. */
export class ModelQueue<T extends Task> {
  private readonly slices: Slice<T>[] = []
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

  add(task: T): void {
    const index = this.slices.findIndex(other => other.task.priority < task.priority)
    this.insert(index < 0 ? this.slices.length : index, { task, first: 0, count: task.images })
  }

  /** For images that were taken and did not run. They are the next of their priority. */
  putBack(slice: Slice<T>): void {
    const index = this.slices.findIndex(other => other.task.priority <= slice.task.priority)
    this.insert(index < 0 ? this.slices.length : index, slice)
  }

  /** Takes at most so many images. A large task is divided. */
  take(maxImages: number): Slice<T>[] {
    const taken: Slice<T>[] = []
    for (let room = maxImages; room > 0; ) {
      const [head] = this.slices
      if (!head || (taken.length > 0 && (head.task.alone || taken[0]!.task.alone))) break
      const { task, first, count } = head
      if (count <= room) {
        this.slices.shift()
        taken.push(head)
      } else {
        this.slices[0] = { task, first: first + room, count: count - room }
        taken.push({ task, first, count: room })
      }
      const images = Math.min(count, room)
      room -= images
      this.total -= images
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

  private insert(index: number, slice: Slice<T>): void {
    this.slices.splice(index, 0, slice)
    this.total += slice.count
  }
}
