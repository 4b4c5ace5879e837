import { effect, signal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import type { ChangeEvent } from '../../spec/changes.js'
import { session } from './session.js'
import { followStream, type StreamState } from './stream.js'

type Kind = 'job' | 'dataset' | 'model' | 'weights'

interface Listener {
  kinds: readonly Kind[]
  onChange: (change: ChangeEvent) => void
  /** Changes may be missing: read again what is shown. */
  onReset: () => void
}

const listeners = new Set<Listener>()

/** Whether the page follows the changes on the server. */
export const changesState = signal<StreamState>('connecting')

/** One stream of all changes serves the whole page, as long as somebody is signed in. */
effect(() => {
  if (!session.value?.caller) return
  return followStream('/events', {
    onState: state => {
      changesState.value = state
    },
    onEvent: ({ event = '', data }) => {
      const isReset = event === 'stream.reset' || event === 'stream.open'
      const change = isReset ? null : (JSON.parse(data) as ChangeEvent)
      for (const { kinds, onChange, onReset } of listeners) {
        if (!change) onReset()
        else if (kinds.some(kind => event.startsWith(`${kind}.`))) onChange(change)
      }
    },
  })
})

/**
 * Calls `onChange` with each change of these kinds while the component is shown, and `onReset` if changes may have
 * been missed (docs/events.md): it should load again what the component shows.
 */
export function useChanges(
  kinds: readonly Kind[],
  onChange: (change: ChangeEvent) => void,
  onReset: () => void,
): void {
  const latest = useRef({ kinds, onChange, onReset })
  latest.current = { kinds, onChange, onReset }
  useEffect(() => {
    const listener: Listener = {
      get kinds() {
        return latest.current.kinds
      },
      onChange: change => latest.current.onChange(change),
      onReset: () => latest.current.onReset(),
    }
    listeners.add(listener)
    return () => void listeners.delete(listener)
  }, [])
}
