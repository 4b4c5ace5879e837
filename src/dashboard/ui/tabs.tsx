import type { ComponentChildren } from 'preact'

export interface Tab {
  name: string
  title: ComponentChildren
  href: string
}

/** Parts of a view, each at an address of its own. */
export const Tabs = ({
  label,
  tabs,
  current,
}: {
  label: string
  tabs: readonly Tab[]
  current: string
}) => (
  <nav class="tabs" aria-label={label}>
    {tabs.map(({ name, title, href }) => (
      <a key={name} href={href} aria-current={name === current ? 'page' : undefined}>
        {title}
      </a>
    ))}
  </nav>
)
