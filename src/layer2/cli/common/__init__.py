"""Parts that the commands of all families share: workspace, options, input and output."""
