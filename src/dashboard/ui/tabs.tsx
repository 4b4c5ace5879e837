import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'

export interface Tab {
  name: string
  title: ComponentChildren
  href: string
}

interface TabsProps {
  label: string
  tabs: readonly Tab[]
  current: string
}

/** Parts of a view, each at an address of its own. */
export function Tabs({ label, tabs, current }: TabsProps) {
  const list = useRef<HTMLElement>(null)
  // on a phone, the present tab may lie outside
  useEffect(() => {
    const element = list.current!
    const tab = element.querySelector<HTMLElement>('[aria-current]')
    if (!tab) return
    const center = tab.offsetLeft - element.offsetLeft + tab.offsetWidth / 2
    element.scrollLeft = center - element.clientWidth / 2
  }, [current])
  return (
    <nav ref={list} class="tabs" aria-label={label}>
      {tabs.map(({ name, title, href }) => (
        <a key={name} href={href} aria-current={name === current ? 'page' : undefined}>
          {title}
        </a>
      ))}
    </nav>
  )
}
