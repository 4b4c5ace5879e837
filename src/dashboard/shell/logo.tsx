/** Two tracks that join at a switch. */
export const Logo = () => (
  <svg viewBox="0 0 32 32" fill="none" stroke="currentColor" stroke-width="3" aria-hidden="true">
    <path d="M5 10h22M5 22h6c6 0 6-12 12-12" stroke-linecap="round" />
    <path d="M17 22h10" stroke-linecap="round" />
  </svg>
)
