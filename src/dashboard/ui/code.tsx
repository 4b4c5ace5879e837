import { Button } from './button.js'
import { showToast } from './toast.js'

/** A text to copy, such as a command. */
export const Code = ({ text, label }: { text: string; label: string }) => (
  <div class="code">
    {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a long text scrolls, also by keyboard */}
    <pre role="region" tabIndex={0} aria-label={label}>
      {text}
    </pre>
    <Button kind="quiet" icon="copy" label={`Copy ${label}`} onClick={() => copyText(text)} />
  </div>
)

/** Copies a text. Browsers allow it over https and on this machine only. */
export async function copyText(text: string): Promise<void> {
  if (!navigator.clipboard) {
    throw new Error('This browser copies only over https. Select the text and copy it by hand.')
  }
  await navigator.clipboard.writeText(text)
  showToast('Copied')
}
