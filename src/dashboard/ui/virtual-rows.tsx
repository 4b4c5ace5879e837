import {
  elementScroll,
  observeElementOffset,
  observeElementRect,
  Virtualizer,
} from '@tanstack/virtual-core'
import type { RefObject } from 'preact'
import { useEffect, useReducer, useState } from 'preact/hooks'

export interface VirtualRow {
  index: number
  /** Pixels from the top of the list. */
  start: number
  size: number
}

export interface VirtualRows {
  rows: readonly VirtualRow[]
  totalSize: number
  scrollToIndex: (index: number) => void
}

/** The rows of a long list that are in view, and some around them. `scroller` is the element that scrolls. */
export function useVirtualRows(
  scroller: RefObject<HTMLElement | null>,
  count: number,
  rowHeight: number,
): VirtualRows {
  const [, redraw] = useReducer((n: number) => n + 1, 0)
  const [virtualizer] = useState(
    () =>
      new Virtualizer<HTMLElement, HTMLElement>({
        count,
        getScrollElement: () => scroller.current,
        estimateSize: () => rowHeight,
        overscan: 8,
        scrollToFn: elementScroll,
        observeElementRect,
        observeElementOffset,
      }),
  )
  virtualizer.setOptions({
    ...virtualizer.options,
    count,
    estimateSize: () => rowHeight,
    onChange: () => redraw(undefined),
  })
  useEffect(() => virtualizer._didMount(), [])
  useEffect(() => virtualizer._willUpdate())
  return {
    rows: virtualizer.getVirtualItems(),
    totalSize: virtualizer.getTotalSize(),
    scrollToIndex: index => virtualizer.scrollToIndex(index),
  }
}
