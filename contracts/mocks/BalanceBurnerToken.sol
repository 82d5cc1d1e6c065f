// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {PlainToken} from "./PlainToken.sol";

/// @title BalanceBurnerToken
/// @notice A token whose balance query, once armed, burns all the gas supplied or fails in another way.
contract BalanceBurnerToken is PlainToken {
    enum Trouble {
        None,
        Burns,
        Reverts,
        SaysTooLittle,
        AnswersDearly,
        BurnsWhenMined
    }

    uint256 private constant DEAR = 2_000_000;

    Trouble public trouble;

    constructor() PlainToken("Balance Burner", "BALANCE", 18) {}

    function arm(bool armed) external {
        trouble = armed ? Trouble.Burns : Trouble.None;
    }

    function armWith(Trouble trouble_) external {
        trouble = trouble_;
    }

    function balanceOf(address account) public view override returns (uint256) {
        Trouble kind = trouble;
        // A simulated call pays nothing for its gas.
        if (kind == Trouble.Burns || (kind == Trouble.BurnsWhenMined && tx.gasprice > 0)) {
            assembly ("memory-safe") {
                invalid()
            }
        }
        if (kind == Trouble.Reverts) revert("no balance");
        if (kind == Trouble.SaysTooLittle) {
            assembly ("memory-safe") {
                return(0, 31)
            }
        }
        if (kind == Trouble.AnswersDearly) {
            uint256 start = gasleft();
            while (start - gasleft() < DEAR) {}
        }
        return super.balanceOf(account);
    }
}
