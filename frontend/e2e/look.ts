/** Looks at a page as a person with sharp eyes, thick fingers or a screen reader would. */

import { AxeBuilder } from '@axe-core/playwright'
import { expect, type Page, test } from '@playwright/test'

/** Checks a page as it is, in a theme, and takes its picture. */
export function lookIn(theme: 'light' | 'dark'): (page: Page, screen: string) => Promise<void> {
  return async (page, screen) => {
    const { name } = test.info().project
    await page.screenshot({ path: `e2e/screenshots/${name}-${theme}-${screen}.png` })
    expect(await outside(page), `${screen} is not wider than the window`).toEqual([])
    if (name === 'phone') expect(await smallTargets(page), `${screen} has room for fingers`).toEqual([])
    const { violations } = await new AxeBuilder({ page }).analyze()
    const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join(' | ')}`)
    expect(found, screen).toEqual([])
  }
}

/** What goes beyond the window at a side; the page itself hides it, so its own width says nothing. */
async function outside(page: Page): Promise<string[]> {
  return await page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('button, a, input, textarea, select, main, header, section, [role=log]')].flatMap((element) => {
      const { left, right, width } = element.getBoundingClientRect()
      const isOutside = width > 0 && (left < -0.5 || right > window.innerWidth + 0.5)
      return isOutside ? [`${element.outerHTML.slice(0, 80)} from ${left} to ${right}`] : []
    }),
  )
}

/** What can be touched and is lower than 44 pixels; links inside a text are as high as the text. */
async function smallTargets(page: Page): Promise<string[]> {
  return await page.locator('button, input, select, textarea, a:not([target])').evaluateAll((elements) =>
    elements
      .filter((element) => element.checkVisibility() && element.getBoundingClientRect().bottom > 0)
      .filter((element) => Math.round(element.getBoundingClientRect().height) < 44 && element.tagName !== 'TEXTAREA')
      .map((element) => `${element.outerHTML.slice(0, 120)}: ${element.getBoundingClientRect().height}`),
  )
}
