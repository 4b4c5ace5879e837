import { useEffect, useState } from 'preact/hooks'
import { serverUrl } from '../server/session.js'
import { Code } from '../ui/code.js'
import { Card } from '../ui/parts.js'
import { curlOf, type Draft } from './request.js'

interface JsonPanelProps {
  draft: Draft
  onChange: (draft: Draft) => void
}

/** The request as JSON, which can be edited too, and as a command. */
export function JsonPanel({ draft, onChange }: JsonPanelProps) {
  const [text, setText] = useState(format(draft))
  const [error, setError] = useState<string | null>(null)
  useEffect(() => {
    if (!isSame(text, draft)) {
      setText(format(draft))
      setError(null)
    }
  }, [draft])

  function edit(next: string) {
    setText(next)
    try {
      const value: unknown = JSON.parse(next)
      if (typeof value !== 'object' || value === null || Array.isArray(value)) {
        throw new Error('a request is an object: { … }')
      }
      setError(null)
      onChange(value as Draft)
    } catch (failure) {
      setError(`This is not used yet: ${(failure as Error).message}`)
    }
  }
  return (
    <Card title="Request">
      <div class={`field ${error ? 'invalid' : ''}`}>
        <label for="request-json">As JSON</label>
        <textarea
          id="request-json"
          class="input mono"
          rows={Math.min(Math.max(text.split('\n').length, 6), 24)}
          spellcheck={false}
          aria-invalid={error !== null}
          aria-describedby="request-json-error"
          value={text}
          onInput={event => edit(event.currentTarget.value)}
        />
        <p class="field-error" id="request-json-error">
          {error}
        </p>
      </div>
      <h3>As a command</h3>
      <Code text={curlOf(draft, serverUrl)} label="command" />
    </Card>
  )
}

const format = (draft: Draft) => JSON.stringify(draft, null, 2)

function isSame(text: string, draft: Draft): boolean {
  try {
    return JSON.stringify(JSON.parse(text)) === JSON.stringify(draft)
  } catch {
    return false
  }
}
