import { signal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useEffect, useId, useRef } from 'preact/hooks'
import { Button } from './button.js'

interface DialogProps {
  title: string
  onClose: () => void
  /** Buttons at the bottom. */
  actions?: ComponentChildren
  isWide?: boolean
  children: ComponentChildren
}

/** A window above the page. Escape and a click beside it close it; the browser keeps the focus in it. */
export function Dialog({ title, onClose, actions, isWide = false, children }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null)
  const id = useId()
  useEffect(() => {
    element.current?.showModal()
  }, [])
  return (
    <dialog
      ref={element}
      class={isWide ? 'wide' : ''}
      aria-labelledby={id}
      onClose={onClose}
      onClick={event => {
        if (event.target === event.currentTarget) event.currentTarget.close()
      }}
    >
      <div class="dialog-content">
        <header>
          <h2 id={id}>{title}</h2>
          <Button
            kind="quiet"
            icon="close"
            label="Close"
            onClick={() => element.current?.close()}
          />
        </header>
        {children}
        {actions && <footer>{actions}</footer>}
      </div>
    </dialog>
  )
}

interface Question {
  title: string
  text: ComponentChildren
  /** What the button says, such as `Delete`. */
  action: string
  isDangerous?: boolean
}

const asked = signal<(Question & { answer: (isConfirmed: boolean) => void }) | null>(null)

/** Asks before something that cannot be undone. Resolves to whether to go on. */
export const confirmAction = (question: Question): Promise<boolean> =>
  new Promise(resolve => {
    asked.value = { ...question, answer: resolve }
  })

export function Confirmation() {
  const question = asked.value
  if (!question) return null
  const end = (isConfirmed: boolean) => {
    asked.value = null
    question.answer(isConfirmed)
  }
  return (
    <Dialog
      title={question.title}
      onClose={() => end(false)}
      actions={
        <>
          <Button onClick={() => end(false)}>Keep</Button>
          <Button kind={question.isDangerous ? 'danger' : 'primary'} onClick={() => end(true)}>
            {question.action}
          </Button>
        </>
      }
    >
      <div>{question.text}</div>
    </Dialog>
  )
}
