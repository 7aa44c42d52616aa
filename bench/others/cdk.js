// The stack as a CDK application: the same template, taken in as it is.
const { App, CliCredentialsStackSynthesizer, Stack } = require("aws-cdk-lib");
const { CfnInclude } = require("aws-cdk-lib/cloudformation-include");

const [name, bucket, key] = ["STACK", "CODE_BUCKET", "CODE_KEY"].map((variable) => process.env[variable]);
const synthesizer = new CliCredentialsStackSynthesizer({ fileAssetsBucketName: bucket });
const stack = new Stack(new App(), name, { synthesizer });
new CfnInclude(stack, "Template", {
  templateFile: process.env.TEMPLATE,
  parameters: { CodeBucket: bucket, CodeKey: key },
});
