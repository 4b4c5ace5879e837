// A module to load first (`--import`): the process then has the clock of a host that is wrong by `?ms=` milliseconds.
// Child processes inherit the option.
const shiftMs = Number(new URL(import.meta.url).searchParams.get('ms'))
const now = Date.now

class ShiftedDate extends Date {
  constructor(...args: unknown[]) {
    super(...((args.length > 0 ? args : [now() + shiftMs]) as [number]))
  }

  static override now(): number {
    return now() + shiftMs
  }
}

globalThis.Date = ShiftedDate as DateConstructor
