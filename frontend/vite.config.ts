import react from '@vitejs/plugin-react'
import type { Plugin } from 'vite'
import { defineConfig } from 'vitest/config'

/** The dev server injects inline styles and scripts for hot reloading, which the page's policy forbids. */
const relaxPolicyWhileDeveloping: Plugin = {
  name: 'relax-policy-while-developing',
  apply: 'serve',
  transformIndexHtml: (html) => html.replace(/<meta\s+http-equiv="Content-Security-Policy"[^>]*>/, ''),
}

const site = process.env['CHATCTL_SITE_URL']

export default defineConfig({
  base: './',
  plugins: [react(), relaxPolicyWhileDeveloping],
  // With CHATCTL_SITE_URL set, `npm run dev` talks to that stage.
  server: { host: '127.0.0.1', proxy: site === undefined ? {} : { '/config.json': site } },
  build: {
    // Browsers that know `light-dark()`, `dvh` and `<dialog>`.
    target: ['chrome123', 'firefox121', 'safari17.5'],
    // Never inline: the policy allows no inline styles, and hashed files are cached for ever.
    assetsInlineLimit: 0,
  },
  test: {
    environment: 'jsdom',
    include: ['src/**/*.test.{ts,tsx}'],
  },
})
