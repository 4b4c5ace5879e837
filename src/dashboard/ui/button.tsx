import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { Icon, type IconName } from './icon.js'
import { reportError } from './toast.js'

export type ButtonKind = 'primary' | 'plain' | 'danger' | 'quiet'

export interface ButtonProps {
  children?: ComponentChildren
  /** The name of the button if it shows an icon only. */
  label?: string
  icon?: IconName
  kind?: ButtonKind
  type?: 'button' | 'submit'
  disabled?: boolean
  pressed?: boolean
  title?: string
  class?: string
  /** While its promise is pending, the button is busy. What it throws is shown as a message. */
  onClick?: (event: MouseEvent) => unknown
}

export function Button({ kind = 'plain', type = 'button', ...props }: ButtonProps) {
  const [isBusy, setBusy] = useState(false)
  async function click(event: MouseEvent) {
    const result = props.onClick?.(event)
    if (!(result instanceof Promise)) return
    setBusy(true)
    await result.catch(reportError)
    setBusy(false)
  }
  return (
    <button
      type={type}
      class={`button ${kind} ${props.children ? '' : 'only-icon'} ${props.class ?? ''}`}
      disabled={props.disabled || isBusy}
      aria-busy={isBusy}
      aria-label={props.label}
      aria-pressed={props.pressed}
      title={props.title ?? (props.children ? undefined : props.label)}
      onClick={event => void click(event)}
    >
      {props.icon && <Icon name={props.icon} />}
      {props.children && <span>{props.children}</span>}
    </button>
  )
}

export interface LinkButtonProps {
  href: string
  children?: ComponentChildren
  label?: string
  icon?: IconName
  kind?: ButtonKind
  /** The name of the file that the link downloads. */
  download?: string | boolean
}

/** A link that looks like a button: for what leads to another place, or downloads a file. */
export const LinkButton = ({ kind = 'plain', href, ...props }: LinkButtonProps) => (
  <a
    class={`button ${kind} ${props.children ? '' : 'only-icon'}`}
    href={href}
    download={props.download}
    aria-label={props.label}
    title={props.children ? undefined : props.label}
  >
    {props.icon && <Icon name={props.icon} />}
    {props.children && <span>{props.children}</span>}
  </a>
)
