// Checks a workflow with GitHub's own parser, and that its steps deploy, try and take away, in this
// order, the last of them whatever happened before.
import { readFileSync } from 'node:fs';
import { convertWorkflowTemplate, parseWorkflow } from '@actions/workflow-parser';

const name = process.argv[2];
const silent = { info() {}, verbose() {}, error() {} };
const parsed = parseWorkflow({ name, content: readFileSync(name, 'utf8') }, silent);
const template = await convertWorkflowTemplate(parsed.context, parsed.value);
const wrong = [...parsed.context.errors.getErrors(), ...(template.errors ?? [])].map((error) => error.message ?? error.Message);

const steps = (template.jobs ?? []).flatMap((job) => job.steps);
const at = (command) => steps.findIndex((step) => String(step.run ?? '').includes(command));
const order = ['cargo build', 'chatctl doctor', 'chatctl deploy', 'chatctl smoke', 'chatctl teardown'].map(at);
if (order.includes(-1) || order.some((place, n) => n > 0 && place < order[n - 1])) {
  wrong.push(`the steps are not build, doctor, deploy, smoke, teardown: ${order}`);
}
const last = steps[at('chatctl teardown')];
if (!String(last?.if?.expression ?? last?.if ?? '').includes('always()')) {
  wrong.push('the teardown does not run whatever happened before');
}
for (const what of wrong) console.error(`${name}: ${what}`);
console.log(`${name}: ${steps.length} steps, ${wrong.length} faults`);
process.exit(wrong.length > 0 ? 1 : 0);
