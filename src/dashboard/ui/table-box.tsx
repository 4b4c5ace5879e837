import type { ComponentChildren } from 'preact'

interface TableBoxProps {
  /** What the table has, for screen readers. */
  label: string
  class?: string
  children: ComponentChildren
}

/** The box in which a table scrolls if it is wider than the page, also by keyboard. */
export const TableBox = ({ label, children, ...props }: TableBoxProps) => (
  // biome-ignore lint/a11y/noNoninteractiveTabindex: without it, a keyboard cannot scroll the box
  <div class={`table-scroll ${props.class ?? ''}`} role="region" tabIndex={0} aria-label={label}>
    <table class="table">{children}</table>
  </div>
)
