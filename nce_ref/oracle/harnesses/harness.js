// A harness in JavaScript, to be copied: nothing but Node. Run it by `nce-ref check -- node harness.js`.
"use strict";

// -ln(1 + e^-t) without overflow: the exponent is negative on either side.
const logSigmoid = (t) => Math.min(t, 0) - Math.log1p(Math.exp(-Math.abs(t)));
const sigmoid = (t) => {
  const e = Math.exp(-Math.abs(t));
  return t >= 0 ? 1 / (1 + e) : e / (1 + e);
};
const sum = (terms) => terms.reduce((total, term) => total + term, 0);
const minus = (a, b) => a.map((v, k) => v - b[k]);

// J = (1/n_data) [sum ln sigma(G - ln nu) + sum ln sigma(ln nu - G)], G = ln p_m - ln p_n, and dJ/dG.
function nce(G, GNoise, nu) {
  const n = G.length, t = Math.log(nu);
  return {
    value: (sum(G.map((g) => logSigmoid(g - t))) + sum(GNoise.map((g) => logSigmoid(t - g)))) / n,
    data: G.map((g) => sigmoid(t - g) / n),
    noise: GNoise.map((g) => -sigmoid(g - t) / n),
  };
}

// One function an objective: named inputs in, named outputs out. What is left out counts as unsupported, not as wrong.
const offered = {
  log_sigmoid: ({ t }) => ({ value: t.map(logSigmoid), grad: t.map((s) => sigmoid(-s)) }),
  sigmoid: ({ t }) => ({ value: t.map(sigmoid), grad: t.map((s) => sigmoid(s) * sigmoid(-s)) }),
  nce_from_log_ratios: ({ log_ratio_data, log_ratio_noise, nu }) => {
    const { value, data, noise } = nce(log_ratio_data, log_ratio_noise, nu);
    return { value, grad_log_ratio_data: data, grad_log_ratio_noise: noise };
  },
  binary_nce: ({ log_model_data, log_model_noise, log_noise_data, log_noise_noise, nu }) => {
    const { value, data, noise } = nce(minus(log_model_data, log_noise_data), minus(log_model_noise, log_noise_noise), nu);
    return { value, grad_log_model_data: data, grad_log_model_noise: noise };
  },
};

function answer({ cmd, id, objective, inputs }) {
  if (cmd === "start") return { name: "plain JavaScript", language: "JavaScript", implements: Object.keys(offered) };
  try {
    return { id, results: offered[objective](inputs) };
  } catch (error) {
    return { id, errored: String(error) }; // an error is an answer, too: the run goes on
  }
}

require("readline").createInterface({ input: process.stdin }).on("line", (line) => {
  const request = JSON.parse(line);
  if (request.cmd === "stop") process.exit(0);
  console.log(JSON.stringify(answer(request))); // one line an answer; NaN becomes null, which is read as NaN
});
