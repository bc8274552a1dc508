/** The page of training.py: steps of SGD per second, by this project in Pyodide and by TensorFlow.js. */

const { tf } = globalThis;
tf.wasm.setWasmPaths(new URL("tensorflow/tfjs-backend-wasm/dist/", location.href).href);
tf.wasm.setThreadsCount(1);
await tf.setBackend("wasm");

const { loadPyodide } = await import(new URL("pyodide/pyodide.mjs", location.href).href);
const pyodide = await loadPyodide();
await pyodide.loadPackage("numpy", { messageCallback() {} });
pyodide.unpackArchive(await (await fetch("package.zip")).arrayBuffer(), "zip");
pyodide.runPython(await (await fetch("training_steps.py")).text());

const BATCH = 128;

/** Milliseconds of a number of steps of TensorFlow.js with a hidden layer of this width. */
async function tensorflow(hidden, steps) {
  const x = tf.randomNormal([BATCH, 784]);
  const wanted = tf.oneHot(
    tf.tensor1d(
      Array.from({ length: BATCH }, (_, i) => i % 10),
      "int32",
    ),
    10,
  );
  let layers = [
    tf.randomNormal([784, hidden], 0, 0.05),
    tf.zeros([hidden]),
    tf.randomNormal([hidden, 10], 0, 0.05),
    tf.zeros([10]),
  ];
  const step = () =>
    tf.tidy(() => {
      const [w, b, v, c] = layers;
      const h = tf.relu(tf.add(tf.matMul(x, w), b));
      const p = tf.softmax(tf.add(tf.matMul(h, v), c));
      const slope = tf.div(tf.sub(p, wanted), BATCH);
      const back = tf.mul(tf.matMul(slope, v, false, true), tf.step(h));
      const slopes = [
        tf.matMul(x, back, true, false),
        tf.sum(back, 0),
        tf.matMul(h, slope, true, false),
        tf.sum(slope, 0),
      ];
      return layers.map((layer, i) => tf.sub(layer, tf.mul(slopes[i], 0.3)));
    });
  const start = performance.now();
  for (let i = 0; i < steps; i++) {
    const next = step();
    tf.dispose(layers);
    layers = next;
  }
  await layers[0].data();
  const taken = performance.now() - start;
  tf.dispose([...layers, x, wanted]);
  return taken;
}

window.measure = (name, hidden, steps) =>
  name === "tensorflow" ? tensorflow(hidden, steps) : pyodide.globals.get("measure")(name, hidden, steps);
document.title = "ready";
