import type { ComponentChildren } from 'preact'
import { useId } from 'preact/hooks'

interface FieldProps {
  label: string
  help?: ComponentChildren
  error?: string | null
  /** Receives what ties the control to its label, help and error: spread it into the control. */
  children: (control: ControlProps) => ComponentChildren
}

export interface ControlProps {
  id: string
  'aria-describedby'?: string
  'aria-invalid'?: boolean
}

export function Field({ label, help, error, children }: FieldProps) {
  const id = useId()
  const notes = [error && `${id}-error`, help && `${id}-help`].filter(Boolean).join(' ')
  const control = {
    id,
    ...(notes && { 'aria-describedby': notes }),
    ...(error && { 'aria-invalid': true }),
  }
  return (
    <div class={`field ${error ? 'invalid' : ''}`}>
      <label for={id}>{label}</label>
      {children(control)}
      {error && (
        <p class="field-error" id={`${id}-error`}>
          {error}
        </p>
      )}
      {help && (
        <p class="field-help" id={`${id}-help`}>
          {help}
        </p>
      )}
    </div>
  )
}

interface SelectProps<T extends string> extends Partial<ControlProps> {
  value: T
  options: readonly (readonly [value: T, text: string])[]
  onChange: (value: T) => void
  label?: string
}

export const Select = <T extends string>({
  value,
  options,
  onChange,
  label,
  ...control
}: SelectProps<T>) => (
  <select
    {...control}
    class="input"
    aria-label={label}
    value={value}
    onChange={event => onChange(event.currentTarget.value as T)}
  >
    {options.map(([each, text]) => (
      <option key={each} value={each}>
        {text}
      </option>
    ))}
  </select>
)

interface TextInputProps extends Partial<ControlProps> {
  value: string
  onChange: (value: string) => void
  label?: string
  type?: 'text' | 'search' | 'password' | 'number' | 'url'
  placeholder?: string
  autocomplete?: string
  inputMode?: 'numeric' | 'decimal'
  required?: boolean
  autofocus?: boolean
  disabled?: boolean
  min?: number
  max?: number
  step?: number | 'any'
  /** The id of a `datalist` with suggestions. */
  list?: string
  class?: string
  onKeyDown?: (event: KeyboardEvent) => void
  onBlur?: () => void
}

export const TextInput = ({ value, onChange, label, type = 'text', ...props }: TextInputProps) => (
  <input
    autocomplete="off"
    spellcheck={false}
    {...(props as object)}
    type={type as 'text'}
    class={`input ${props.class ?? ''}`}
    aria-label={label}
    value={value}
    onInput={event => onChange(event.currentTarget.value)}
  />
)

interface CheckboxProps {
  checked: boolean
  onChange: (checked: boolean) => void
  children: ComponentChildren
}

export const Checkbox = ({ checked, onChange, children }: CheckboxProps) => (
  <label class="checkbox">
    <input
      type="checkbox"
      checked={checked}
      onChange={event => onChange(event.currentTarget.checked)}
    />
    <span>{children}</span>
  </label>
)
