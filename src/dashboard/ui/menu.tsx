import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { Button, type ButtonKind } from './button.js'
import type { IconName } from './icon.js'

interface MenuProps {
  label: string
  icon?: IconName
  kind?: ButtonKind
  /** Text of the button; without it, it shows the icon only. */
  text?: string
  children: ComponentChildren | ((close: () => void) => ComponentChildren)
}

/** A button that opens a panel below it. Escape, a click elsewhere and leaving it by Tab close it. */
export function Menu({ label, icon, kind = 'plain', text, children }: MenuProps) {
  const [isOpen, setOpen] = useState(false)
  const element = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (!isOpen) return
    const onPointer = (event: PointerEvent) => {
      if (!element.current?.contains(event.target as Node)) setOpen(false)
    }
    addEventListener('pointerdown', onPointer)
    return () => removeEventListener('pointerdown', onPointer)
  }, [isOpen])

  function close() {
    setOpen(false)
    element.current?.querySelector('button')?.focus()
  }
  function onKeyDown(event: KeyboardEvent) {
    if (event.key !== 'Escape' || !isOpen) return
    event.stopPropagation()
    close()
  }
  function onFocusOut(event: FocusEvent) {
    const next = event.relatedTarget as Node | null
    if (next && !element.current?.contains(next)) setOpen(false)
  }
  return (
    <div class="menu" ref={element} onKeyDown={onKeyDown} onFocusOut={onFocusOut}>
      <Button
        kind={kind}
        {...(icon && { icon })}
        {...(text ? {} : { label })}
        pressed={isOpen}
        onClick={() => setOpen(!isOpen)}
      >
        {text}
      </Button>
      {isOpen && (
        <div class="menu-panel" role="group" aria-label={label}>
          {typeof children === 'function' ? children(close) : children}
        </div>
      )}
    </div>
  )
}
