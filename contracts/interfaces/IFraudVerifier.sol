// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IRollup} from "./IRollup.sol";

/// @title A verifier of fraud proofs for one kind of fault
interface IFraudVerifier {
    /// @notice Returns true if the proof shows that the assertion `claimed` is wrong, given that `parent` is correct.
    /// @dev The rollup calls it, and the verifier reads the inbox from its caller. Reverts only when the witness does
    /// not match the commitments of the assertions, or when the gas is too low for a verdict.
    /// @param claimed The assertion under challenge
    /// @param parent The assertion that it extends, taken as correct
    /// @param proof The encoded witness
    /// @return True if `claimed` is wrong
    function isFraudulent(IRollup.Assertion calldata claimed, IRollup.Assertion calldata parent, bytes calldata proof)
        external
        view
        returns (bool);
}
