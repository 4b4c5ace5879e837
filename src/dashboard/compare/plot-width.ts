import type { RefObject } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'

const firstWidth = 600

/** The width that a plot has, which changes with the window. Give the reference to the element around it. */
export function usePlotWidth(): [RefObject<HTMLElement | null>, number] {
  const holder = useRef<HTMLElement>(null)
  const [width, setWidth] = useState(firstWidth)
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry!.contentRect.width)))
    observer.observe(holder.current!)
    return () => observer.disconnect()
  }, [])
  return [holder, width]
}
