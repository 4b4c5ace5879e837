import { useState } from 'preact/hooks'
import { signIn } from '../server/session.js'
import { Button } from '../ui/button.js'
import { Checkbox, Field, TextInput } from '../ui/field.js'
import { messageOf } from '../ui/message.js'
import { Logo } from './logo.js'

/** Asks for a key. The place stays, so its view opens as soon as the key is accepted. */
export function SignIn() {
  const [key, setKey] = useState('')
  const [isRemembered, setRemembered] = useState(false)
  const [error, setError] = useState<string | null>(null)
  const [isBusy, setBusy] = useState(false)

  async function submit(event: SubmitEvent) {
    event.preventDefault()
    setBusy(true)
    setError(null)
    try {
      await signIn(key.trim(), isRemembered)
    } catch (failure) {
      setError(messageOf(failure))
    }
    setBusy(false)
  }
  return (
    <main class="sign-in">
      <form onSubmit={event => void submit(event)}>
        <div class="brand">
          <Logo />
          <h1>Trainyard</h1>
        </div>
        <Field
          label="API key"
          error={error}
          help={
            <>
              The server printed it when it started, and keeps it in the file <code>key</code> of
              its data folder.
            </>
          }
        >
          {control => (
            <TextInput
              {...control}
              type="password"
              autocomplete="current-password"
              required
              autofocus
              value={key}
              onChange={setKey}
            />
          )}
        </Field>
        <Checkbox checked={isRemembered} onChange={setRemembered}>
          Stay signed in on this computer
        </Checkbox>
        <Button kind="primary" type="submit" disabled={isBusy || key.trim() === ''}>
          Sign in
        </Button>
      </form>
    </main>
  )
}
