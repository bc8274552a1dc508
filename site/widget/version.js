/** The version of the widget and of the npm package; a test keeps it equal to the Python package's. */
export const VERSION = "0.1.0";
