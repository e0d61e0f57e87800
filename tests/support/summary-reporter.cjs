/** Ends the output with one line that people and machines read the same way. */
module.exports = class SummaryReporter {
  onRunComplete(_contexts, results) {
    const failedSuites = results.testResults.filter((suite) => suite.testExecError).length;
    const skipped = results.numPendingTests + results.numTodoTests;
    const line = `${results.numPassedTests} passed, ${results.numFailedTests + failedSuites} failed, ${skipped} skipped`;
    // Jest's own summary comes after all reporters.
    process.once("exit", () => console.log(`\n${line}`));
  }
};
