/** Outlines in a square of 24, drawn with a line of 2. */
const paths = {
  add: 'M12 5v14M5 12h14',
  alert:
    'M12 9v4m0 4h.01M10.3 3.9 1.8 18a2 2 0 0 0 1.7 3h17a2 2 0 0 0 1.7-3L13.7 3.9a2 2 0 0 0-3.4 0z',
  arrowDown: 'M12 5v14m6-6-6 6-6-6',
  book: 'M12 6c-2-1.5-5-2-9-2v14c4 0 7 .5 9 2 2-1.5 5-2 9-2V4c-4 0-7 .5-9 2zm0 0v14',
  arrowUp: 'M12 19V5m-6 6 6-6 6 6',
  back: 'M15 18l-6-6 6-6',
  chart: 'M3 3v18h18M7 14l4-4 4 3 5-6',
  check: 'M20 6 9 17l-5-5',
  close: 'M18 6 6 18M6 6l12 12',
  columns: 'M4 4h16v16H4zM10 4v16M15 4v16',
  copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
  database:
    'M4 6c0-1.7 3.6-3 8-3s8 1.3 8 3-3.6 3-8 3-8-1.3-8-3zm0 0v12c0 1.7 3.6 3 8 3s8-1.3 8-3V6M4 12c0 1.7 3.6 3 8 3s8-1.3 8-3',
  down: 'M6 9l6 6 6-6',
  download: 'M12 3v12m5-5-5 5-5-5M4 20h16',
  edit: 'M4 20h4L19 9l-4-4L4 16zM13.5 6.5l4 4',
  external: 'M14 4h6v6M20 4l-9 9M18 14v6H4V6h6',
  filter: 'M3 5h18l-7 8v6l-4-2v-4z',
  image: 'M4 4h16v16H4zM4 16l5-5 4 4 3-3 4 4M15 9h.01',
  jobs: 'M4 6h16M4 12h16M4 18h10',
  menu: 'M4 7h16M4 12h16M4 17h16',
  model: 'M12 2l9 5v10l-9 5-9-5V7zM3 7l9 5 9-5M12 12v10',
  moon: 'M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5z',
  more: 'M5 12h.01M12 12h.01M19 12h.01',
  pause: 'M8 5v14M16 5v14',
  play: 'M7 4l13 8-13 8z',
  refresh: 'M20 11A8 8 0 1 0 18 17m2-11v5h-5',
  right: 'M9 6l6 6-6 6',
  search: 'M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zm5 12 5 5',
  server: 'M4 4h16v7H4zM4 13h16v7H4zM8 7.5h.01M8 16.5h.01',
  signOut: 'M9 4H4v16h5M14 8l4 4-4 4M8 12h10',
  star: 'M12 3l2.8 5.7 6.2.9-4.5 4.4 1.1 6.2L12 17.3 6.4 20.2l1.1-6.2L3 9.6l6.2-.9z',
  stop: 'M6 6h12v12H6z',
  sun: 'M12 7a5 5 0 1 0 0 10 5 5 0 0 0 0-10zM12 1v2m0 18v2M4.2 4.2l1.4 1.4m12.8 12.8 1.4 1.4M1 12h2m18 0h2M4.2 19.8l1.4-1.4M18.4 5.6l1.4-1.4',
  trash: 'M4 7h16M9 7V4h6v3M6 7l1 14h10l1-14M10 11v6M14 11v6',
  up: 'M6 15l6-6 6 6',
  upload: 'M12 16V4m-5 5 5-5 5 5M4 20h16',
} as const

export type IconName = keyof typeof paths

/** Decoration beside a text or inside a control that has a label. */
export const Icon = ({ name, filled = false }: { name: IconName; filled?: boolean }) => (
  <svg
    class="icon"
    viewBox="0 0 24 24"
    fill={filled ? 'currentColor' : 'none'}
    stroke="currentColor"
    stroke-width="2"
    stroke-linecap="round"
    stroke-linejoin="round"
    aria-hidden="true"
    focusable="false"
  >
    <path d={paths[name]} />
  </svg>
)
