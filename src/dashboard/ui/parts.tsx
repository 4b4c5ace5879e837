import type { ComponentChildren } from 'preact'
import { useEffect } from 'preact/hooks'
import { Icon, type IconName } from './icon.js'

interface PageProps {
  title: string
  /** Where the arrow before the title leads. */
  back?: { href: string; label: string }
  /** Beside the title, such as a status. */
  beside?: ComponentChildren
  actions?: ComponentChildren
  children: ComponentChildren
}

/** A view: its title, which the browser's tab shows too, its actions and its content. */
export function Page({ title, back, beside, actions, children }: PageProps) {
  useEffect(() => {
    document.title = `${title} · Trainyard`
  }, [title])
  return (
    <div class="page">
      <header class="page-header">
        {back && (
          <a class="button quiet only-icon" href={back.href} aria-label={back.label}>
            <Icon name="back" />
          </a>
        )}
        <h1>{title}</h1>
        {beside}
        <div class="page-actions">{actions}</div>
      </header>
      {children}
    </div>
  )
}

interface CardProps {
  title?: ComponentChildren
  actions?: ComponentChildren
  class?: string
  children: ComponentChildren
}

export const Card = ({ title, actions, children, ...props }: CardProps) => (
  <section class={`card ${props.class ?? ''}`}>
    {(title || actions) && (
      <header class="card-header">
        {title && <h2>{title}</h2>}
        <div class="card-actions">{actions}</div>
      </header>
    )}
    {children}
  </section>
)

interface TableScrollProps {
  label: string
  class?: string
  children: ComponentChildren
}

/** The box of a table that may be larger than its place: it scrolls, also by keyboard. */
export const TableScroll = ({ label, children, ...props }: TableScrollProps) => (
  <div
    class={`table-scroll ${props.class ?? ''}`}
    role="region"
    aria-label={label}
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by keyboard
    tabIndex={0}
  >
    {children}
  </div>
)

interface EmptyProps {
  icon: IconName
  title: string
  children?: ComponentChildren
}

/** In place of a list without entries: what would be here, and how it gets here. */
export const Empty = ({ icon, title, children }: EmptyProps) => (
  <div class="empty">
    <Icon name={icon} />
    <p class="empty-title">{title}</p>
    {children}
  </div>
)

export type Fact = readonly [name: string, value: ComponentChildren]

/** Names with their values. A fact without a value is left out. */
export const Facts = ({ facts }: { facts: readonly Fact[] }) => (
  <dl class="facts">
    {facts
      .filter(
        ([, value]) => value !== null && value !== undefined && value !== '' && value !== false,
      )
      .map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
  </dl>
)

export type Tone = 'neutral' | 'good' | 'busy' | 'warning' | 'danger'

export const Badge = ({
  tone = 'neutral',
  children,
}: {
  tone?: Tone
  children: ComponentChildren
}) => <span class={`badge ${tone}`}>{children}</span>

interface MeterProps {
  /** From 0 to 1. */
  share: number
  label: string
  tone?: Tone
}

export const Meter = ({ share, label, tone = 'busy' }: MeterProps) => (
  <div
    class={`meter ${tone}`}
    role="progressbar"
    aria-label={label}
    aria-valuemin={0}
    aria-valuemax={100}
    aria-valuenow={Math.round(share * 100)}
  >
    <div style={{ width: `${Math.min(Math.max(share, 0), 1) * 100}%` }} />
  </div>
)
