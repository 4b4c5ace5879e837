import { signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { endSessionOf } from '../server/session.js'
import { Icon } from './icon.js'
import { messageOf } from './message.js'

interface Toast {
  id: number
  text: string
  tone: 'info' | 'danger'
  seconds: number
  action?: { label: string; run: () => void }
  onEnd?: () => void
}

const toasts = signal<readonly Toast[]>([])
let lastId = 0

export interface ToastOptions {
  tone?: Toast['tone']
  /** How long it is shown. */
  seconds?: number
  /** Such as an undo. If it is used, `onEnd` is not called. */
  action?: Toast['action']
  /** Called once the message goes without its action having been used. */
  onEnd?: () => void
}

/** Shows a message at the bottom of the page for some seconds. */
export function showToast(text: string, options: ToastOptions = {}): void {
  lastId += 1
  const { tone = 'info', seconds = tone === 'danger' ? 12 : 5, ...rest } = options
  toasts.value = [...toasts.value, { id: lastId, text, tone, seconds, ...rest }]
}

/** Shows what went wrong. An error that says that nobody is signed in any more leads to the sign-in form. */
export function reportError(error: unknown): void {
  if (!endSessionOf(error)) showToast(messageOf(error), { tone: 'danger' })
}

function remove(id: number): void {
  toasts.value = toasts.value.filter(each => each.id !== id)
}

export const Toasts = () => (
  <div class="toasts" role="status" aria-live="polite">
    {toasts.value.map(toast => (
      <ToastCard key={toast.id} {...toast} />
    ))}
  </div>
)

function ToastCard({ id, text, tone, seconds, action, onEnd }: Toast) {
  useEffect(() => {
    const timer = setTimeout(end, seconds * 1000)
    return () => clearTimeout(timer)
  }, [id])
  function end() {
    remove(id)
    onEnd?.()
  }
  function act() {
    remove(id)
    action?.run()
  }
  return (
    <div class={`toast ${tone}`}>
      {tone === 'danger' && <Icon name="alert" />}
      <p>{text}</p>
      {action && (
        <button type="button" class="toast-action" onClick={act}>
          {action.label}
        </button>
      )}
      <button type="button" class="toast-close" aria-label="Close this message" onClick={end}>
        <Icon name="close" />
      </button>
    </div>
  )
}
