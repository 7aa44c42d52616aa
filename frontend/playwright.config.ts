import { defineConfig } from '@playwright/test'

const site = process.env['CHATCTL_SITE_URL']
if (site === undefined || site === '') {
  throw new Error(
    'CHATCTL_SITE_URL is not set. These tests drive a running stage: `chatctl deploy`, then set it to the siteUrl of `chatctl outputs`.',
  )
}

export default defineConfig({
  testDir: 'e2e',
  // One stage and one machine's cores serve all tests.
  workers: 1,
  forbidOnly: true,
  // Sound in real time on cores that others use too: what passes the second time is reported as flaky.
  retries: 1,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  reporter: [['list']],
  use: {
    baseURL: site.endsWith('/') ? site : `${site}/`,
    trace: 'retain-on-failure',
    launchOptions: {
      executablePath: process.env['CHATCTL_CHROMIUM'] ?? '/usr/bin/chromium',
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        // A microphone that beeps; pages still have to be allowed to use it.
        '--use-fake-device-for-media-stream',
      ],
    },
  },
  projects: [
    { name: 'desktop', use: { viewport: { width: 1280, height: 800 } } },
    // A phone has no keyboard to tab with, and audio sounds the same on one.
    { name: 'phone', testIgnore: ['keyboard.spec.ts', 'voice.spec.ts', 'voice-lost.spec.ts', 'star.spec.ts', 'original.spec.ts'], use: { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 } },
  ],
})
