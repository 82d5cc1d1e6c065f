"""Components shared by the commands of all families: workspace, options, input and output."""
