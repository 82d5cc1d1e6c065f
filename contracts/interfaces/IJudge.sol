// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IRollup} from "./IRollup.sol";

/// @title Judge: decides one kind of lie
interface IJudge {
    /// @notice Whether the proof shows that `claimed` is wrong, `parent` taken as right. Called by the rollup.
    /// @dev Reverts only when the witness does not match what the claims commit to, or when gas is too low to judge.
    function guilty(IRollup.Claim calldata claimed, IRollup.Claim calldata parent, bytes calldata proof)
        external
        view
        returns (bool);
}
