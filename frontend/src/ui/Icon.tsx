/** Line icons on a 24 grid, drawn for this product. Always decoration: whoever shows one gives the label. */

const PATHS = {
  menu: 'M4 7h16M4 12h16M4 17h10',
  people: 'M15.5 19.5c0-3-2.7-4.8-6-4.8s-6 1.8-6 4.8M9.5 11.3a3.6 3.6 0 1 0 0-7.2 3.6 3.6 0 0 0 0 7.2M20.5 18.6c0-2.2-1.3-3.7-3.3-4.3M15.6 10.9a3.3 3.3 0 0 0 0-6.4',
  invite: 'M14.5 19.5c0-3-2.5-4.8-5.6-4.8s-5.6 1.8-5.6 4.8M8.9 11.3a3.6 3.6 0 1 0 0-7.2 3.6 3.6 0 0 0 0 7.2M18.5 8v6M15.5 11h6',
  close: 'M6 6l12 12M18 6 6 18',
  plus: 'M12 5v14M5 12h14',
  send: 'M5 12.2 4 5l16.5 7L4 19l1-6.8zm0 0h7',
  copy: 'M9 9h9.5v11H9zM6 15H4.5V4H14v1.8',
  check: 'm5 12.5 4.6 4.7L19.5 7',
  clock: 'M12 7.5V12l3 2M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17',
  alert: 'M12 8v5M12 16.2v.1M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17',
  sun: 'M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8M12 3v1.8M12 19.2V21M3 12h1.8M19.2 12H21M5.6 5.6l1.3 1.3M17.1 17.1l1.3 1.3M18.4 5.6l-1.3 1.3M6.9 17.1l-1.3 1.3',
  moon: 'M20 14.2A8.2 8.2 0 0 1 9.8 4 8.3 8.3 0 1 0 20 14.2z',
  down: 'M12 5v14M6 13l6 6 6-6',
  door: 'M13.5 4.5H6.2v15h7.3M10.5 12h10M17 8.5l3.5 3.5-3.5 3.5',
  key: 'M9 18.5a4.3 4.3 0 1 0 0-8.6 4.3 4.3 0 0 0 0 8.6M12.2 11.2 19.5 4M16.5 7l2.7 2.7',
  bubble: 'M6.5 5h11A2.5 2.5 0 0 1 20 7.5v7a2.5 2.5 0 0 1-2.5 2.5h-5.3l-4.2 3.5v-3.5H6.5A2.5 2.5 0 0 1 4 14.5v-7A2.5 2.5 0 0 1 6.5 5z',
  headset: 'M4.5 15.5v-3.5a7.5 7.5 0 0 1 15 0v3.5M4.5 14h1.8a1.2 1.2 0 0 1 1.2 1.2v3.1a1.2 1.2 0 0 1-1.2 1.2h-.6a1.2 1.2 0 0 1-1.2-1.2zM19.5 14h-1.8a1.2 1.2 0 0 0-1.2 1.2v3.1a1.2 1.2 0 0 0 1.2 1.2h.6a1.2 1.2 0 0 0 1.2-1.2z',
  mic: 'M12 14.5a3 3 0 0 0 3-3V6.5a3 3 0 0 0-6 0v5a3 3 0 0 0 3 3M6 11.5a6 6 0 0 0 12 0M12 17.5v3.5M9 21h6',
  micOff: 'M15 9.5V6.5a3 3 0 0 0-5.7-1.3M9 9.5v2a3 3 0 0 0 4.8 2.4M6 11.5a6 6 0 0 0 9.3 5M17.7 13.3c.2-.6.3-1.2.3-1.8M12 17.5v3.5M9 21h6M4 4l16 16',
  hangUp: 'M3.5 14.2c-.5-.9-.4-2 .2-2.7C5.6 9.5 8.6 8.5 12 8.5s6.4 1 8.3 3c.6.7.7 1.8.2 2.7l-.6 1c-.4.6-1.1.9-1.8.7l-2.3-.7a1.4 1.4 0 0 1-1-1.3v-1.6a13 13 0 0 0-5.6 0v1.6c0 .6-.4 1.1-1 1.3l-2.3.7c-.7.2-1.4-.1-1.8-.7z',
  sliders: 'M4 7.5h9.2M18.8 7.5H20M4 16.5h1.2M10.8 16.5H20M16 10.3a2.8 2.8 0 1 0 0-5.6 2.8 2.8 0 0 0 0 5.6M8 19.3a2.8 2.8 0 1 0 0-5.6 2.8 2.8 0 0 0 0 5.6',
  more: 'M5.6 12a.6.6 0 1 0 0 .01M12.6 12a.6.6 0 1 0 0 .01M19.6 12a.6.6 0 1 0 0 .01',
  volume: 'M4 9.8v4.4h3.2L12 18V6L7.2 9.8zM15.3 9.2a4 4 0 0 1 0 5.6M17.8 6.7a7.5 7.5 0 0 1 0 10.6',
  out: 'M10.5 4.5H5v15h5.5M9.5 12h10.5M16.5 8.5 20 12l-3.5 3.5',
} as const

export type IconName = keyof typeof PATHS

interface IconProps {
  readonly name: IconName
  /** Pixels; 20 unless told. */
  readonly size?: number
}

export function Icon({ name, size = 20 }: IconProps) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth={1.8}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d={PATHS[name]} />
    </svg>
  )
}
