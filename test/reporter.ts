/** Ends the output with the count of tests on a line of its own, for programs that read it. */
import type { Reporter, TestModule } from 'vitest/node';

export default class CountReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const count = { passed: 0, failed: 0, skipped: 0, pending: 0 };
    for (const module of modules) {
      // A file that could not be read is a failure, though it has no test.
      if (module.errors().length > 0) count.failed++;
      // So is a group whose preparation failed, whose tests are skipped then.
      for (const suite of module.children.allSuites()) if (suite.errors().length > 0) count.failed++;
      for (const test of module.children.allTests()) count[test.result().state]++;
    }
    const skipped = count.skipped === 0 ? '' : `, ${count.skipped} skipped`;
    // After the reporters that print a summary of their own at the end.
    process.once('exit', () =>
      console.log(`${count.passed} passed, ${count.failed + count.pending} failed${skipped}`),
    );
  }
}
