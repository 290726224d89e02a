// The order card and its sheet for the gate: nothing moves, only how they look.
import "./orders.css";
