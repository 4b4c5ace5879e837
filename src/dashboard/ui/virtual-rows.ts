import type { RefObject } from 'preact'
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'

export interface VirtualRow {
  index: number
  /** Pixels from the top of the list. */
  start: number
  size: number
}

export interface VirtualRows {
  rows: readonly VirtualRow[]
  totalSize: number
  /** Scrolls as little as possible so that a row is in view. */
  scrollToIndex: (index: number) => void
}

/** Rows above and below the view that are drawn too, so that scrolling shows no gap. */
const overscan = 8

interface Range {
  first: number
  /** Exclusive. */
  end: number
}

/**
 * The rows of a long list that are in view, and some around them. `scroller` is the element that scrolls. All rows
 * have the same height, so which are in view is a division.
 */
export function useVirtualRows(
  scroller: RefObject<HTMLElement | null>,
  count: number,
  rowHeight: number,
): VirtualRows {
  const [{ first, end }, setRange] = useState<Range>({ first: 0, end: 0 })
  const watched = useRef<{ element: HTMLElement | null; stop: () => void }>({
    element: null,
    stop: () => {},
  })

  // after each drawing, since the element that scrolls may have come, gone or changed; its first rows come with it
  useLayoutEffect(() => {
    const element = scroller.current
    if (element === watched.current.element) return
    watched.current.stop()
    watched.current = { element, stop: () => {} }
    if (!element) return
    const update = () => {
      const next = {
        first: Math.max(Math.floor(element.scrollTop / rowHeight) - overscan, 0),
        end: Math.ceil((element.scrollTop + element.clientHeight) / rowHeight) + overscan,
      }
      setRange(now => (now.first === next.first && now.end === next.end ? now : next))
    }
    const observer = new ResizeObserver(update)
    observer.observe(element)
    element.addEventListener('scroll', update, { passive: true })
    watched.current.stop = () => {
      observer.disconnect()
      element.removeEventListener('scroll', update)
    }
    update()
  })
  useEffect(() => () => watched.current.stop(), [])

  const from = Math.min(first, count)
  const length = Math.max(Math.min(end, count) - from, 0)
  return {
    rows: Array.from({ length }, (_, i) => ({
      index: from + i,
      start: (from + i) * rowHeight,
      size: rowHeight,
    })),
    totalSize: count * rowHeight,
    scrollToIndex(index) {
      const element = scroller.current
      if (!element) return
      const top = index * rowHeight
      const lowest = top + rowHeight - element.clientHeight
      element.scrollTop = Math.max(Math.min(element.scrollTop, top), lowest)
    },
  }
}
