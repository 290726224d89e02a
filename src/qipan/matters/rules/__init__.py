"""Pure decisions of the closed loop: its state machine, its limits, its codes and what a photograph may carry."""
