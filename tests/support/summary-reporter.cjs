/** Ends the output with one line that people and machines read the same way. */
module.exports = class SummaryReporter {
  onRunComplete(_contexts, results) {
    const failedSuites = results.testResults.filter((suite) => suite.testExecError).length;
    const skipped = results.numPendingTests + results.numTodoTests;
    console.log(
      `\n${results.numPassedTests} passed, ${results.numFailedTests + failedSuites} failed, ${skipped} skipped`,
    );
  }
};
